package import JSON

/// What is wrong with metadata that was sent: the fault, the place, the cure.
package struct MetadataFault: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// It cannot be read at all.
        case syntax(offset: Int?)
        /// It can be read, but is not what the type takes.
        case shape(JSONPointer?)
        /// Something in it is more than a limit allows, such as what an archive unpacks to.
        case exceeded
        /// The server may not read what it names.
        case forbidden
        /// Its content type is none that the type takes.
        case contentType(allowed: [String])
        /// A name in it is not allowed.
        case name
    }

    package let kind: Kind
    /// Says what is wrong, where, and what to do.
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// A fault in JSON text.
    package init(_ error: JSONSyntaxError) {
        self.init(.syntax(offset: error.offset), "the body is not valid JSON: \(error.reason) at byte \(error.offset)")
    }

    package static func shape(_ pointer: JSONPointer? = nil, _ detail: String) -> MetadataFault {
        MetadataFault(.shape(pointer), detail)
    }

    /// The fault of a member of what was sent, which was found in the member alone.
    package func inMember(_ name: String) -> MetadataFault {
        guard case .shape(let pointer?) = kind else { return self }
        return .shape(JSONPointer().appending(name).appending(pointer), detail)
    }
}
