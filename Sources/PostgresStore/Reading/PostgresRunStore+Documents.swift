package import RunStore

extension PostgresRunStore: DocumentStore {
    package func document(_ name: DocumentName) throws(StoreError) -> [UInt8]? {
        try pool.read { connection throws(DatabaseError) in
            let rows = try connection.run(
                Statement("SELECT bytes FROM documents WHERE name = $1", .text(name.description)))
            return rows.count == 0 ? nil : rows.bytes(0, 0)
        }
    }

    package func replace(_ name: DocumentName, _ old: [UInt8]?, by new: [UInt8]) throws(StoreError) -> Bool {
        let statement =
            if let old {
                Statement(
                    "UPDATE documents SET bytes = $3 WHERE name = $1 AND bytes = $2 RETURNING name",
                    .text(name.description), .bytes(old), .bytes(new))
            } else {
                Statement(
                    "INSERT INTO documents (name, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING name",
                    .text(name.description), .bytes(new))
            }
        // If the connection is lost here, the next attempt finds the document changed, and the caller reads it again.
        return try pool.read { connection throws(DatabaseError) in try connection.run(statement).count > 0 }
    }
}
