@main
struct Mapfray {
    static func main() {}
}
