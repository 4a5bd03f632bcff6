internal import JSON

/// The name of a run: `[A-Za-z0-9][A-Za-z0-9._=+@-]{0,127}`, except `active` and `archive`.
///
/// A run id that exists is a safe path component.
package struct RunID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Words that cannot be run ids: `active` names the active run, `archive` the folder of archived runs.
    package static let reserved: Set<String> = ["active", "archive"]

    /// The rule, for messages to the user who broke it.
    package static let rule =
        "a run id is 1 to 128 letters, digits, \".\", \"_\", \"-\", \"=\", \"+\" or \"@\", starts with a letter or digit, "
        + "and is not \"active\" or \"archive\""

    /// Nil if `text` is not a run id.
    package init?(_ text: String) {
        guard Identifier.isValid(text, longest: 128), !Self.reserved.contains(text) else { return nil }
        description = text
    }
}

/// The name of a session, in which one run at a time is active. The same characters as a run id.
package struct SessionName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// The session of requests that do not name one.
    package static let `default` = SessionName("default")!

    /// The rule, for messages to the user who broke it.
    package static let rule =
        "a session name is 1 to 128 letters, digits, \".\", \"_\", \"-\", \"=\", \"+\" or \"@\", and starts with a letter or digit"

    /// Nil if `text` is not a session name.
    package init?(_ text: String) {
        guard Identifier.isValid(text, longest: 128) else { return nil }
        description = text
    }
}

/// The run that a request is about.
package enum RunTarget: Hashable, Sendable {
    case run(RunID)
    /// The run that this session initialised last, if it has not ended.
    case active(SessionName)
}

/// The kind of metadata: `[a-z][a-z0-9_-]{0,63}`.
package struct MetadataType: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package static let flags = MetadataType("flags")!
    package static let properties = MetadataType("properties")!
    package static let metrics = MetadataType("metrics")!
    package static let evaluation = MetadataType("evaluation")!
    package static let error = MetadataType("error")!
    package static let source = MetadataType("source")!
    package static let output = MetadataType("output")!

    /// The rule, for messages to the user who broke it.
    package static let rule =
        "a type is 1 to 64 lower case letters, digits, \"_\" or \"-\", and starts with a letter"

    /// Nil if `text` is not a type name.
    package init?(_ text: String) {
        let isValid =
            text.utf8.count <= 64 && text.utf8.first.map(Identifier.isLower) == true
            && text.utf8.allSatisfy {
                Identifier.isLower($0) || Identifier.isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
        guard isValid else { return nil }
        description = text
    }

    /// The type that tfruns' deprecated `write_run_data(type, …)` writes.
    /// - Returns: nil if the longer name is not a type name
    package static func deprecatedAlias(_ text: String) -> MetadataType? { MetadataType("custom" + text) }
}

/// The name of a property: 1 to 255 bytes of UTF-8 without `/` and control characters, not `.` or `..`.
///
/// A property name that exists is a safe path component.
package struct PropertyName: Hashable, Sendable, CustomStringConvertible {
    private let text: ExactText

    package var description: String { text.text }

    package static let type = PropertyName("type")!
    package static let context = PropertyName("context")!
    package static let script = PropertyName("script")!
    package static let start = PropertyName("start")!
    package static let end = PropertyName("end")!
    package static let completed = PropertyName("completed")!
    /// tfruns' name for the path of `metrics.json`.
    package static let metrics = PropertyName("metrics")!
    /// The console output, which grows while the run goes on.
    package static let output = PropertyName("output")!

    /// Properties that tfruns reads by R's `$`, which matches partially: without `end`, it reads `endpoint` as the end;
    /// without `metrics`, `metrics_dir` as the path of the metrics. An empty file of the exact name prevents that.
    package static let abbreviated: [PropertyName] = [.end, .metrics]

    /// The name of `abbreviated` that tfruns may read this property as.
    package var readAs: PropertyName? {
        Self.abbreviated.first { description.utf8.starts(with: $0.description.utf8) }
    }

    /// Whether an empty file of that name is only a placeholder.
    package var keepsPlace: Bool { Self.abbreviated.contains(self) }

    /// Whether tfruns reads a file at the path that the property's text gives, if there is one, wherever R runs. No
    /// file name ends in an empty line.
    package var isTakenForPath: Bool { self == .metrics }

    /// The rule, for messages to the user who broke it.
    package static let rule =
        "a property name is 1 to 255 bytes without \"/\" and control characters, and is not \".\" or \"..\""

    /// Nil if `text` is not a property name.
    package init?(_ text: String) {
        guard (1...255).contains(text.utf8.count), text != ".", text != "..",
            text.unicodeScalars.allSatisfy({ $0 != "/" && $0.properties.generalCategory != .control })
        else { return nil }
        self.text = ExactText(text)
    }
}

/// Characters of ids.
private enum Identifier {
    static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    static func isValid(_ text: String, longest: Int) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= longest else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "._-=+@".utf8.contains($0) }
    }
}
