internal import JSON
internal import Limits

/// A path in a run's directory, of one or more safe components: an artifact, or metadata below `tfruns.d`.
package struct ArtifactPath: Hashable, Sendable, CustomStringConvertible {
    // By bytes: texts that Unicode calls equal can be two file names.
    private let text: ExactText

    package var description: String { text.text }

    /// The rule, for messages to the user who broke it.
    package static let rule =
        "a file's path has names of 1 to 255 bytes of UTF-8 without control characters, none of them \".\" or \"..\", and "
        + "at most 4095 bytes and 100 levels"

    /// Nil if a component is not a valid file name, or the path exceeds `PathLimits`.
    package init?(components: [String]) {
        guard !components.isEmpty, components.allSatisfy(Self.isName),
            components.count <= PathLimits.file.depth.most,
            components.reduce(components.count - 1, { $0 + $1.utf8.count }) <= PathLimits.file.path.most
        else { return nil }
        text = ExactText(components.joined(separator: "/"))
    }

    /// A path whose components are separated by `/`.
    package init?(_ text: String) { self.init(components: Self.components(of: text)) }

    /// The path of a file of metadata.
    package init(_ path: DataPath) { text = ExactText(Self.data + path.description) }

    /// The names of the folders, and of the file.
    package var components: [String] { Self.components(of: description) }

    private static func components(of text: String) -> [String] {
        // By bytes: a file system sees a "/" even if a combining character follows it.
        text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static let data = RunLayout.dataDirectory + "/"

    /// Whether it is the data directory or below it. Files there are written only as metadata.
    package var isMetadata: Bool { isBelowData || text == ExactText(RunLayout.dataDirectory) }

    private var isBelowData: Bool { description.utf8.starts(with: Self.data.utf8) }

    /// The path below the data directory, if it is one.
    package var dataPath: DataPath? {
        isBelowData ? DataPath(String(decoding: description.utf8.dropFirst(Self.data.utf8.count), as: UTF8.self)) : nil
    }

    /// The folder that it is in; nil: the run's directory.
    package var parent: ArtifactPath? { ArtifactPath(components: components.dropLast()) }

    /// Whether it is in a folder or below it. Nil is the run's directory, which contains all paths.
    package func isBelow(_ folder: ArtifactPath?) -> Bool {
        folder.map { description.utf8.starts(with: "\($0)/".utf8) } ?? true
    }

    private static func isName(_ text: String) -> Bool {
        (1...PathLimits.file.name.most).contains(text.utf8.count) && text != "." && text != ".."
            && text.unicodeScalars.allSatisfy { $0 != "/" && !isControl($0) }
    }

    /// Unicode's general category Cc. Most characters are ASCII, for which no look-up in Unicode's tables is needed.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar.value < 0x20 || scalar.value == 0x7f : scalar.properties.generalCategory == .control
    }
}
