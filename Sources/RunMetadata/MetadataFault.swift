package import JSON

/// What is wrong with metadata that was sent, where, and what to do about it.
package struct MetadataFault: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// It cannot be read at all.
        case syntax(offset: Int?)
        /// It can be read, but does not have the form of the type.
        case shape(JSONPointer?)
        /// It exceeds a limit, such as the unpacked size of an archive.
        case exceeded
        /// It names something that the server may not read.
        case forbidden
        /// The type does not accept its content type.
        case contentType(allowed: [String])
        /// A name in it is not allowed.
        case name
    }

    package let kind: Kind
    /// Says what is wrong, where, and what to do about it.
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// A fault in JSON text.
    package init(_ error: JSONSyntaxError) {
        self.init(.syntax(offset: error.offset), "the body is not valid JSON at byte \(error.offset): \(error.reason)")
    }

    package static func shape(_ pointer: JSONPointer? = nil, _ detail: String) -> MetadataFault {
        MetadataFault(.shape(pointer), detail)
    }

    /// The same fault, located in the object that has the faulty value as a member.
    package func inMember(_ name: String) -> MetadataFault {
        guard case .shape(let pointer?) = kind else { return self }
        return .shape(JSONPointer().appending(name).appending(pointer), detail)
    }
}
