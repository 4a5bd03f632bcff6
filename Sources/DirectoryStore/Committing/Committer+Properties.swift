internal import Glibc
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Checks of a run's properties, and placeholders for them.
extension Committer {
    /// Checks the properties that a plan writes, and adds placeholders.
    /// - Parameter isStart: whether the plan initialises the run
    func finishProperties(_ folder: RunFolder, isStart: Bool = false, _ plan: WritePlan) throws(StoreError) {
        try checkProperties(plan, folder)
        if folder.place == .initialised || isStart { try keepPlaces(folder, isStart: isStart, plan) }
    }

    /// Adds placeholders, so that tfruns does not read one property in place of another that is missing
    /// (`PropertyName.abbreviated`).
    private func keepPlaces(_ folder: RunFolder, isStart: Bool, _ plan: WritePlan) throws(StoreError) {
        let written = plan.records.compactMap { record -> (name: PropertyName, isRemoved: Bool)? in
            guard let name = record.path.flatMap(DataPath.init)?.property, name.readAs != nil else { return nil }
            if case .remove = record.step { return (name, true) }
            return (name, false)
        }
        guard isStart || !written.isEmpty else { return }
        var names: Set<PropertyName> = []
        if let directory = try directory(of: folder) {
            let there = try storing { () throws(FileFailure) in try RunFiles.propertyNames(in: directory) }
            names = Set(there.compactMap { PropertyName($0) })
        }
        for (name, isRemoved) in written {
            if isRemoved { names.remove(name) } else { names.insert(name) }
        }
        for name in Set(names.compactMap(\.readAs)) where !names.contains(name) {
            let path = DataPath.property(name)
            try version(RunPath(path), folder)
            plan.add(.put(path.description, []))
        }
    }

    /// Refuses a write after which the run would have more properties than allowed: each is a file, which is published
    /// while other writes wait, and read by listings.
    private func checkProperties(_ plan: WritePlan, _ folder: RunFolder) throws(StoreError) {
        var written: Set<ExactText> = []
        let prefix = DataPath.properties + "/"
        for record in plan.records {
            guard let path = record.path, path.utf8.starts(with: prefix.utf8) else { continue }
            switch record.step {
            case .remove: continue
            // An append at a later offset: the property exists already.
            case .append(_, let offset, _) where offset > 0: continue
            default: written.insert(ExactText(String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)))
            }
        }
        if written.isEmpty { return }
        let limit = settings.rules.mostProperties
        var there: [String] = []
        if let directory = try directory(of: folder) {
            there = try storing { () throws(FileFailure) in try RunFiles.propertyNames(in: directory) }
        }
        if there.count + written.count <= limit.most { return }
        try settings.rules.checkProperties(
            written.union(there.map { ExactText($0) }).count, before: there.count)
    }
}
