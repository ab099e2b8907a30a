import Testing

/// A program to compile for a test.
struct Source: CustomTestStringConvertible {
    var name: String
    var compiler: String
    var text: String
    var testDescription: String { name }
}

extension Source {
    static let c = Source(
        name: "plain.c", compiler: "gcc",
        text: """
            #include <stdlib.h>

            static volatile int sink;

            static inline int deepest(int value)
            {
                sink += value;
                return value * 3;
            }

            static inline int middle(int value)
            {
                int sum = 0;
                for (int i = 0; i < value; i++)
                    sum += deepest(i);
                return sum;
            }

            static __attribute__((noinline)) int hidden(int value)
            {
                if (value > 100)
                    abort();
                return middle(value) + 1;
            }

            int exported(int value)
            {
                return hidden(value) + deepest(value);
            }

            __attribute__((noinline, cold)) void never(void)
            {
                sink = 7;
                abort();
            }

            int main(int count, char **arguments)
            {
                if (count > 90)
                    never();
                return exported(count) + (arguments[0][0] == 'x');
            }
            """)

    static let cxx = Source(
        name: "templates.cc", compiler: "g++",
        text: """
            #include <algorithm>
            #include <functional>
            #include <map>
            #include <memory>
            #include <string>
            #include <vector>

            namespace pool {
            namespace {
            template <typename T> struct Slab {
                std::vector<T> items;
                void grow(T value) { items.push_back(value); }
            };

            __attribute__((noinline)) int inAnonymous(int value) { return value * 7; }

            inline int inlinedInAnonymous(int value) { return inAnonymous(value) + 1; }
            }

            template <typename T, int N> __attribute__((noinline)) T accumulate(const std::vector<T> &values)
            {
                T sum = N;
                std::for_each(values.begin(), values.end(), [&sum](const T &value) { sum += value * 2; });
                return sum;
            }

            class Arena {
            public:
                explicit Arena(int size);
                virtual ~Arena();
                int operator[](int index) const { return slab.items[index % slab.items.size()]; }
                static Arena &shared();
            private:
                Slab<int> slab;
            };

            Arena::Arena(int size) { for (int i = 0; i < size; i++) slab.grow(inlinedInAnonymous(i)); }
            Arena::~Arena() = default;
            Arena &Arena::shared() { static Arena arena(12); return arena; }
            }

            static __attribute__((noinline)) int unseen(const std::string &text) { return (int)text.size(); }

            extern "C" int callback(int value)
            {
                std::function<int(int)> twice = [](int x) { return unseen(std::to_string(x)) + x; };
                return twice(value);
            }

            int main(int count, char **arguments)
            {
                std::map<std::string, int> names;
                for (int i = 0; i < count; i++) names[arguments[i]] = callback(i);
                auto owned = std::make_unique<pool::Arena>(count);
                return (int)pool::accumulate<long, 3>({1, 2, 3}) + (*owned)[0] + pool::Arena::shared()[1];
            }
            """)

    static let rust = Source(
        name: "crab.rs", compiler: "rustc",
        text: """
            mod pool {
                pub trait Grow { fn grow(&mut self, by: usize) -> usize; }
                pub struct Slab<T> { pub items: Vec<T> }
                impl<T: Default + Clone> Grow for Slab<T> {
                    #[inline(never)]
                    fn grow(&mut self, by: usize) -> usize {
                        let length = self.items.len() + by;
                        self.items.resize(length, T::default());
                        length
                    }
                }
            }
            use pool::Grow;

            #[inline(never)]
            pub fn map_all(values: &[u64]) -> Vec<u64> { values.iter().map(|value| value * 3).collect() }

            fn main() {
                let mut slab = pool::Slab::<u32> { items: Vec::new() };
                let total = slab.grow(std::env::args().count());
                println!("{} {:?}", total, map_all(&[1, 2, total as u64]));
            }
            """)

    static let swift = Source(
        name: "bird.swift", compiler: "swiftc",
        text: """
            public struct Slab<Element> {
                public var items: [Element] = []
                @inline(never) public mutating func grow(_ element: Element, by count: Int) -> Int {
                    for _ in 0..<count { items.append(element) }
                    return items.count
                }
            }

            @inline(never) func mapped(_ values: [Int]) -> [Int] { values.map { $0 &* 3 } }

            var slab = Slab<String>()
            let total = slab.grow("x", by: CommandLine.arguments.count)
            print(mapped([1, 2, total]).count)
            """)

    /// As `c`, but another build: other lines, other sizes.
    static let other = Source(
        name: "plain.c", compiler: "gcc",
        text: "int before(int a) { return a * 77; }\n\n"
            + c.text.replacing("value > 100", with: "value * value > 1000"))

    /// `cxx` with the function that the tests of separate debug files ask for.
    static let cxxLibrary = Source(
        name: "templates.cc", compiler: "g++",
        text: cxx.text
            + "\nextern \"C\" __attribute__((visibility(\"hidden\"))) int hidden(int a) { return a; }\n")
}
