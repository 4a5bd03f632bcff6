import RunMetadata

/// Conditions and orders of listings. A fault tells a place within the text.
func fuzzWhere(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    do throws(RunQueryFault) {
        let predicate = try RunPredicate(text)
        for column in predicate.columns { _ = RunQuery.mayName(column.name) }
    } catch {
        if let offset = error.offset { precondition((0...text.utf8.count).contains(offset), "a place outside") }
    }
    _ = try? RunOrder(text)
}
