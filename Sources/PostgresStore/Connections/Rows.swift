internal import CPostgreSQL

/// The rows that a statement returned, in binary format. To be used only by the thread that owns the connection.
final class Rows {
    private let result: OpaquePointer

    /// Takes ownership of a PGresult, which `deinit` releases.
    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var count: Int { Int(PQntuples(result)) }

    func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, CInt(row), CInt(column)) != 0 }

    /// Lends the bytes of a value.
    func withBytes<Result>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let count = Int(PQgetlength(result, CInt(row), CInt(column)))
        return body(UnsafeRawBufferPointer(start: PQgetvalue(result, CInt(row), CInt(column)), count: count))
    }

    /// A value of type bytea.
    func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        isNull(row, column) ? nil : withBytes(row, column) { Array($0) }
    }

    /// A value of type text.
    func text(_ row: Int, _ column: Int) -> String { withBytes(row, column) { String(decoding: $0, as: UTF8.self) } }

    /// A value of type smallint, integer or bigint.
    func int(_ row: Int, _ column: Int) -> Int {
        withBytes(row, column) { bytes in
            guard let first = bytes.first else { return 0 }
            return bytes.reduce(first >= 0x80 ? -1 : 0) { $0 << 8 | Int($1) }
        }
    }

    /// A value of type double precision.
    func double(_ row: Int, _ column: Int) -> Double {
        withBytes(row, column) { Double(bitPattern: $0.reduce(0) { $0 << 8 | UInt64($1) }) }
    }

    func bool(_ row: Int, _ column: Int) -> Bool { withBytes(row, column) { $0.first == 1 } }
}
