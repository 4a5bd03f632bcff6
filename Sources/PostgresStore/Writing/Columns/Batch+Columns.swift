internal import RunMetadata
internal import RunStore

extension Batch {
    /// Reads, in one round trip, the columns of all rows that writes append to and that the server does not know.
    func readColumns() throws(DatabaseError) {
        var unknown: Set<String> = []
        for waiting in waiting {
            guard case .change(let changes) = waiting.write.action, changes.contains(where: \.isRows) else { continue }
            let key = resolved(waiting.write.target)
            guard let run = runs[key], run.columns == nil, let rows = run.file(.metricsRows) else { continue }
            if let known = memory[rows.content] { runs[key]?.columns = known } else { unknown.insert(key) }
        }
        if unknown.isEmpty { return }
        let keys = unknown.sorted()
        let contents = keys.map { runs[$0]?.file(.metricsRows)?.content ?? 0 }
        let rows = try connection.run(Self.columns(of: keys, contents, from: keys.map { _ in 0 }))
        var names: [String: [UInt8]] = [:]
        for row in 0..<rows.count { names[rows.text(row, 0), default: []] += rows.bytes(row, 1) ?? [] }
        for key in keys {
            var columns = RowColumns()
            columns.complete(names[key] ?? [], parser)
            runs[key]?.columns = columns
        }
    }

    /// The columns of a run's rows, as far as they are known.
    func columns(of run: WorkingRun) throws(StoreError) -> RowColumns {
        guard let rows = run.file(.metricsRows) else { return RowColumns() }
        if let columns = run.columns ?? memory[rows.content] { return columns }
        return try completed(RowColumns(), of: run)
    }

    /// The same, including those that other servers have added.
    func allColumns(of run: WorkingRun) throws(StoreError) -> RowColumns {
        let columns = try columns(of: run)
        return columns.isComplete ? columns : try completed(columns, of: run)
    }

    private func completed(_ columns: RowColumns, of run: WorkingRun) throws(StoreError) -> RowColumns {
        let content = run.file(.metricsRows)?.content ?? 0
        let rows = try ask(Self.columns(of: [run.key], [content], from: [columns.storedCount]))
        var columns = columns
        columns.complete((0..<rows.count).flatMap { rows.bytes($0, 1) ?? [] }, parser)
        return columns
    }

    /// The stored names of some contents, each from a position on.
    private static func columns(of runs: [String], _ contents: [Int], from positions: [Int]) -> Statement {
        Statement(
            """
            SELECT c.run, c.names FROM unnest($1, $2, $3) AS n(run, content, position)
            JOIN row_columns c ON c.run = n.run AND c.content = n.content AND c.position >= n.position
            ORDER BY c.run, c.position
            """, .texts(runs), .ints(contents), .ints(positions))
    }

    // MARK: Changes

    /// The statements that store the columns that the batch added.
    func columnStatements(_ changed: [WorkingRun]) -> [Statement] {
        let rows = ArtifactPath(.metricsRows)
        var gone: [(run: String, content: Int)] = []
        var added: [(run: String, content: Int, columns: RowColumns)] = []
        for run in changed where run.isThere {
            let content = run.files[rows]?.content
            if let stored = run.stored[rows]?.content, stored != content { gone.append((run.key, stored)) }
            if let content, let columns = run.columns, !columns.added.isEmpty {
                added.append((run.key, content, columns))
            }
        }
        var statements: [Statement] = []
        if !gone.isEmpty {
            statements.append(
                Statement(
                    """
                    DELETE FROM row_columns USING unnest($1, $2) AS n(run, content)
                    WHERE row_columns.run = n.run AND row_columns.content = n.content
                    """, .texts(gone.map(\.run)), .ints(gone.map(\.content))))
        }
        if !added.isEmpty {
            statements.append(
                Statement(
                    "INSERT INTO row_columns (run, content, position, names) SELECT * FROM unnest($1, $2, $3, $4)",
                    .texts(added.map(\.run)), .ints(added.map(\.content)), .ints(added.map(\.columns.storedCount)),
                    .blobs(added.map(\.columns.addedRow))))
        }
        return statements
    }

    /// Remembers, once the batch is committed, which columns the rows have.
    func rememberColumns() {
        for run in runs.values where run.isThere {
            guard let rows = run.file(.metricsRows), let columns = run.columns?.remembered else { continue }
            memory.note(columns, of: rows.content)
        }
    }
}

extension WorkingRun {
    /// The columns of its rows together with those of rows that are about to be appended.
    /// - Throws: `refused` if there would be too many
    func columns(with rows: MetricsRows, _ batch: Batch) throws(StoreError) -> RowColumns {
        var columns = try batch.columns(of: self)
        if rows.isEmpty || columns.cover(rows.shape) { return columns }
        let names = RowColumns.names(of: rows.bytes, batch.parser)
        if !columns.contain(names) {
            columns = try batch.allColumns(of: self)
            let before = columns.count
            columns.add(names)
            try batch.rules.checkColumns(columns.count, before: before, of: "metrics")
        }
        columns.remember(rows.shape)
        return columns
    }
}
