internal import RunMetadata

/// A handler's parameter that comes from the path.
protocol PathParameter: Sendable {
    /// Its placeholder in a template.
    static var placeholder: PathTemplate.Placeholder { get }

    /// - Throws: a problem if the text is invalid
    static func read(_ values: PathValues) throws(Problem) -> Self
}

/// `{id}`: a run, or `active`.
extension RunTarget: PathParameter {
    static var placeholder: PathTemplate.Placeholder { .id }

    static func read(_ values: PathValues) throws(Problem) -> RunTarget {
        values.id == "active" ? .active(values.session) : .run(try RunID.read(values))
    }
}

/// `{id}`: a run by its name.
extension RunID: PathParameter {
    static var placeholder: PathTemplate.Placeholder { .id }

    static func read(_ values: PathValues) throws(Problem) -> RunID {
        guard let run = RunID(values.id) else {
            throw .invalidName("\"\(values.id)\" is not a run id; \(RunID.rule)")
        }
        return run
    }
}

/// `{type}`.
extension MetadataType: PathParameter {
    static var placeholder: PathTemplate.Placeholder { .type }

    static func read(_ values: PathValues) throws(Problem) -> MetadataType {
        guard let type = MetadataType(values.type) else {
            throw .invalidName("\"\(values.type)\" is not a type; \(rule)")
        }
        return type
    }
}

/// `{type}` as tfruns' `write_run_data()` names it.
struct AliasedType: PathParameter {
    let type: MetadataType

    static var placeholder: PathTemplate.Placeholder { .type }

    static func read(_ values: PathValues) throws(Problem) -> AliasedType {
        guard let type = MetadataType.deprecatedAlias(values.type) else {
            throw .invalidName("\"\(values.type)\" is not a type; \(MetadataType.rule)")
        }
        return AliasedType(type: type)
    }
}

/// `{path}`.
extension ArtifactPath: PathParameter {
    static var placeholder: PathTemplate.Placeholder { .path }

    static func read(_ values: PathValues) throws(Problem) -> ArtifactPath {
        guard let path = ArtifactPath(components: values.file) else {
            throw .invalidName("\"\(values.file.joined(separator: "/"))\" is not a file's path; \(ArtifactPath.rule)")
        }
        return path
    }
}

/// `{name}` of `/problems/{name}`.
extension ProblemType: PathParameter {
    static var placeholder: PathTemplate.Placeholder { .name }

    static func read(_ values: PathValues) throws(Problem) -> ProblemType {
        guard let type = all.first(where: { $0.slug == values.name }) else {
            throw Problem(
                404, "unknown-path", "Unknown path",
                "there is no problem \"\(values.name)\"; GET /problems lists all")
        }
        return type
    }
}
