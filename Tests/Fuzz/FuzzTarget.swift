import Glibc

/// One kind of input that comes from outside. libFuzzer changes inputs until a target crashes, or breaks one of its
/// promises (`precondition`).
enum FuzzTarget: String, CaseIterable {
    case json
    case body
    case `where`
    case path
    case fields
    case journal
    case archive
    case description
    case frame
    case head
    case filter

    /// Takes one input.
    func take(_ input: [UInt8]) {
        switch self {
        case .json: fuzzJSON(input)
        case .body: fuzzBody(input)
        case .where: fuzzWhere(input)
        case .path: fuzzPath(input)
        case .fields: fuzzFields(input)
        case .journal: fuzzJournal(input)
        case .archive: fuzzArchive(input)
        case .description: fuzzDescription(input)
        case .frame: fuzzFrame(input)
        case .head: fuzzHead(input)
        case .filter: fuzzFilter(input)
        }
    }

    /// The target of this process, named by the environment variable RUNDIR_FUZZ_TARGET.
    static let chosen: FuzzTarget = {
        // As the server does at its start: libarchive converts names by the locale.
        setlocale(LC_CTYPE, "C.UTF-8")
        guard let name = getenv("RUNDIR_FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) else {
            fatalError("set RUNDIR_FUZZ_TARGET to one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return target
    }()
}

/// The entry point that libFuzzer calls (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func takeOneInput(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    FuzzTarget.chosen.take(Array(UnsafeBufferPointer(start: start, count: size)))
    return 0
}
