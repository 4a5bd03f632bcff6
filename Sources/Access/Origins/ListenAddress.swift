/// The address that a server listens on.
package enum ListenAddress {
    /// Whether only this machine reaches it: a loopback name or address.
    package static func isLoopback(_ host: String) -> Bool {
        (Authority(host.utf8) ?? Authority("[\(host)]".utf8))?.host.isLoopback ?? false
    }
}
