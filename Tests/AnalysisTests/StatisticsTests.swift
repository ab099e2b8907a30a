import Foundation
import Testing

@testable import Analysis

/// The statistics against closed forms, and against scipy where it is installed.
struct StatisticsTests {
    /// What Python prints for an expression over numpy (np) and scipy.stats (st); nil without scipy.
    private static func scipy(_ expression: String) -> [Double]? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", "import numpy as np, scipy.stats as st\nprint(*np.ravel(\(expression)))",
        ]
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap {
            Double($0)
        }
    }

    private static let hasScipy = scipy("[1]") != nil

    @Test func `slices of t are the closed forms for one and two degrees of freedom`() {
        let cauchy = StudentT(freedom: 1, count: 21).slices
        let two = StudentT(freedom: 2, count: 21).slices
        for place in 0..<21 {
            let share = (Double(place) + 0.5) / 21
            #expect(abs(cauchy[place] - tan(.pi * (share - 0.5))) < 1e-3 * max(1, abs(cauchy[place])))
            let odds = 2 * share - 1
            let exact = odds * (2 / (1 - odds * odds)).squareRoot()
            #expect(abs(two[place] - exact) < 1e-3 * max(1, abs(exact)))
        }
    }

    @Test(.enabled(if: hasScipy, "scipy is not installed"), arguments: [1.5, 3, 7.25, 60])
    func `slices of t are scipy's`(freedom: Double) throws {
        let truth = try #require(Self.scipy("st.t.ppf((np.arange(21) + 0.5) / 21, \(freedom))"))
        for (own, exact) in zip(StudentT(freedom: freedom, count: 21).slices, truth) {
            #expect(abs(own - exact) < 2e-3 * max(1, abs(exact)))
        }
    }

    private let points: [(x: Double, y: Double)] = (0..<40).map { (step: Int) -> (x: Double, y: Double) in
        let outlier: Double = step % 9 == 0 ? 200 : 0
        let noise = Double((step * 37) % 11)
        return (x: Double(step), y: Double(3 * step) + noise + outlier)
    }

    @Test func `outliers do not move the slope`() throws {
        #expect(abs(try #require(TheilSen(points)).slope - 3) < 0.2)
    }

    @Test(.enabled(if: hasScipy, "scipy is not installed")) func `the slope is scipy's`() throws {
        let values = points.map { String($0.y) }.joined(separator: ",")
        let truth = try #require(Self.scipy("[st.theilslopes([\(values)])[0]]")?.first)
        #expect(abs(try #require(TheilSen(points)).slope - truth) < 1e-9)
    }

    @Test(.enabled(if: hasScipy, "scipy is not installed")) func `quantiles are numpy's`() throws {
        let values: [Double] = [1, 2, 4, 8, 16, 32, 64]
        for share in [0, 0.05, 0.3, 0.5, 0.95, 1] {
            let truth = try #require(Self.scipy("[np.quantile([1, 2, 4, 8, 16, 32, 64], \(share))]")?.first)
            #expect(abs(quantile(values, share) - truth) < 1e-9)
        }
    }

    // MARK: noise

    /// Normal enough: the sum of twelve even ones.
    private struct Normal {
        private var state: UInt64 = 42

        mutating func next() -> Double {
            (0..<12).reduce(-6) { sum, _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return sum + Double(state >> 33) / Double(1 << 31)
            }
        }
    }

    @Test func `noise around a line and a walk away from it are told apart`() {
        var normal = Normal()
        let around = NoiseModel(
            (0..<2000).map { (step: Int) -> Double in Double(5 * step) + 10 * normal.next() })
        #expect(abs(around.stationary - 100) < 15)
        #expect(around.walk * 250 < 30)
        var count = 0.0
        let walk = NoiseModel(
            (0..<2000).map { _ in
                count += 5 + 10 * normal.next()
                return count
            })
        #expect(abs(walk.walk - 100) < 40)
    }

    @Test func `a bend is found where it is`() {
        var normal = Normal()
        let values = (0..<240).map { (step: Int) -> Double in
            let line = step < 150 ? step : 150 + 4 * (step - 150)
            return Double(line) + normal.next()
        }
        let regime = Regime.last(of: values)
        #expect(abs(regime.length - 90) <= 10)
        #expect(abs(regime.slope - 4) < 0.1)
    }

    @Test func `a steady rate has no bend`() {
        var normal = Normal()
        for _ in 0..<10 {
            let values = (0..<240).map { (step: Int) -> Double in Double(step) * 3 + 20 * normal.next() }
            #expect(Regime.last(of: values).length == 240)
        }
    }
}
