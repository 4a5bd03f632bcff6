internal import Limits

/// A path in a run's directory, one or more safe components: artifacts, and below `tfruns.d` metadata.
package struct ArtifactPath: Sendable, CustomStringConvertible {
    package let components: [String]

    /// The rule, in words for the person who broke it.
    package static let rule =
        "a file's path has names of 1 to 255 bytes of UTF-8 without control characters, none of them \".\" or \"..\", and "
        + "at most 4095 bytes and 100 levels"

    /// Nil if a component is not a valid file name, or the path exceeds `PathLimits`.
    package init?(components: [String]) {
        guard !components.isEmpty, components.allSatisfy(Self.isName),
            components.count <= PathLimits.file.depth.most,
            components.reduce(components.count - 1, { $0 + $1.utf8.count }) <= PathLimits.file.path.most
        else { return nil }
        self.components = components
    }

    /// A path whose components are separated by `/`.
    package init?(_ text: String) {
        self.init(
            // By bytes: a file system sees a "/" even if a combining character follows it.
            components: text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            })
    }

    /// The path of a file of metadata.
    package init(_ path: DataPath) { components = [RunLayout.dataDirectory] + path.components }

    package var description: String { components.joined(separator: "/") }

    /// Whether it is the data directory or below it. Files there are written only as metadata.
    package var isMetadata: Bool { components[0] == RunLayout.dataDirectory }

    /// The path below the data directory, if it is one.
    package var dataPath: DataPath? {
        isMetadata && components.count > 1 ? DataPath(components.dropFirst().joined(separator: "/")) : nil
    }

    /// The folder that it is in; nil: the run's directory.
    package var parent: ArtifactPath? { ArtifactPath(components: components.dropLast()) }

    /// Whether it is in a folder or below; of all paths where that is nil, the run's directory.
    package func isBelow(_ folder: ArtifactPath?) -> Bool {
        folder.map { description.utf8.starts(with: "\($0)/".utf8) } ?? true
    }

    private static func isName(_ text: String) -> Bool {
        (1...PathLimits.file.name.most).contains(text.utf8.count) && text != "." && text != ".."
            && text.unicodeScalars.allSatisfy { $0 != "/" && $0.properties.generalCategory != .control }
    }
}

extension ArtifactPath: Hashable {
    // By bytes: texts that Unicode calls equal can be two file names.
    package static func == (one: ArtifactPath, other: ArtifactPath) -> Bool {
        one.description.utf8.elementsEqual(other.description.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }
}
