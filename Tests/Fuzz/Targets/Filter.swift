import RunMetadata

@testable import MLflowAPI

/// MLflow's filters. What becomes of one is a condition that the store can read.
func fuzzFilter(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    guard let filter = try? SearchFilter(text), let condition = try? SearchCondition.text(filter) else { return }
    do {
        _ = try RunPredicate(condition)
    } catch {
        // Limits of conditions are the store's own.
        precondition(text.utf8.count > 500, "\(condition) cannot be read: \(error)")
    }
}
