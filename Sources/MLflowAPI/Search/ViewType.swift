internal import JSON
internal import RunMetadata

/// Whether deleted runs or experiments are searched (mlflow/protos/service.proto, ViewType).
enum ViewType: String, CaseIterable {
    case active = "ACTIVE_ONLY"
    case deleted = "DELETED_ONLY"
    case all = "ALL"

    /// Reads a parameter: a name, or its number in protobuf. If it is missing: only active ones.
    init(_ parameters: MLflowParameters, _ name: String) throws(MLflowError) {
        guard let text = try parameters.text(name), !text.isEmpty else {
            self = .active
            return
        }
        if let number = Int(text), (1...3).contains(number) {
            self = Self.allCases[number - 1]
        } else if let type = ViewType(rawValue: text.uppercased()) {
            self = type
        } else {
            throw .invalid("Invalid value \(text) for parameter '\(name)': ACTIVE_ONLY, DELETED_ONLY or ALL")
        }
    }

    func includes(isDeleted: Bool) -> Bool { self == .all || isDeleted == (self == .deleted) }

    var archived: RunQuery.Archived {
        switch self {
        case .active: .without
        case .deleted: .only
        case .all: .included
        }
    }
}
