/// Why a store takes no write at present.
package struct StoreHindrance: Sendable, Equatable {
    /// `runs-gone`, `read-only`, `disk-full`, `out-of-resources` or `store-unreachable`, or a name of the store's own.
    package let name: String
    package let detail: String

    package init(name: String, detail: String) {
        self.name = name
        self.detail = detail
    }
}
