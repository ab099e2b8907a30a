import Analysis

extension SiteList {
    /// `sites --json`.
    package struct Document: Encodable {
        fileprivate struct Entry: Encodable {
            let site: Report.Site
            let stacks: [Stack]?

            private enum Keys: String, CodingKey { case stacks = "backtraces" }

            func encode(to encoder: any Encoder) throws {
                try site.encode(to: encoder)
                guard let stacks else { return }
                var container = encoder.container(keyedBy: Keys.self)
                try container.encode(stacks, forKey: .stacks)
            }
        }

        fileprivate struct Stack: Encodable {
            let vmas: Int
            let calls: Int
            let frames: [SiteFrame]
            let cut: Bool
        }

        fileprivate let version = 1
        fileprivate let process: Report.Process
        fileprivate let time: Double
        fileprivate let vmas: Int
        fileprivate let by: SiteUnit
        fileprivate let sort: SiteOrder
        fileprivate let sum: SiteSum
        fileprivate let sites: [Entry]
    }

    package func document(withStacks: Bool) -> Document {
        Document(
            process: report.process, time: time, vmas: total, by: unit, sort: order,
            sum: SiteSum(rows.map(\.site)),
            sites: rows.map { row in Document.Entry(site: row.site, stacks: withStacks ? stacks(row) : nil) })
    }

    private func stacks(_ row: Row) -> [Document.Stack] {
        row.stacks.map { Document.Stack(vmas: held($0), calls: $0.calls, frames: $0.frames, cut: $0.isCut) }
    }
}
