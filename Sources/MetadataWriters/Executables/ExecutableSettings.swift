/// How a type's executable is run.
package struct ExecutableSettings: Sendable {
    /// A text for `GET /types`.
    package var summary = "What its executable takes."
    /// The media types accepted; empty: any.
    package var contentTypes: [String] = []
    /// Bytes of the largest body; nil: the server's limit for uploads.
    package var maxBytes: Int?
    /// Seconds that it may run.
    package var timeLimit = 30
    /// Bytes of address space for each process.
    package var memory = 2 << 30
    /// Bytes of all that it writes, including temporary files.
    package var maxOutput = 1 << 30
    /// Processes at once.
    package var processes = 64
    /// Whether it may use the network, and sockets of other programs.
    package var network = false
    /// Files and folders that it may make.
    package var maxEntries = 10_000

    package init() {}
}
