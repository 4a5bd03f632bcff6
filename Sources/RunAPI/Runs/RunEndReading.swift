internal import JSON
internal import Limits
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// Reads the body of `POST /runs/{id}/complete`: `completed`, `end`, `evaluation`.
enum RunEndReading {
    static func read(_ body: MetadataBody) throws -> RunEnd {
        guard case .json(let bytes) = body else { throw Problem.internalFault }
        let sent: JSONValue
        do { sent = try MetricValue.document(bytes) } catch { throw MetadataFault(error) }
        guard let object = sent.object else {
            throw MetadataFault.shape(
                JSONPointer(), "the body has to be an object with any of completed, end, evaluation")
        }
        var end = RunEnd()
        for member in object.members {
            let pointer = JSONPointer().appending(member.name)
            switch member.name {
            case "completed":
                let value = member.value.unboxed
                guard let flag = value.bool ?? value.string.flatMap({ PropertyText.flag($0) }) else {
                    throw MetadataFault.shape(pointer, "\"completed\" has to be true or false")
                }
                end.isCompleted = flag
            case "end":
                guard let text = PropertyText.text(of: member.value.unboxed),
                    let time = TypedProperty.time.stored(text)
                else { throw MetadataFault.shape(pointer, "\"end\" has to be \(TypedProperty.time.rule)") }
                end.end = time
            case "evaluation":
                let text = member.value.string.map { Array($0.utf8) } ?? JSONWriter.compact(member.value)
                do { end.evaluation = try EvaluationWriter().changes(from: .json(text), for: WriteRequest()) } catch {
                    throw (error as? MetadataFault)?.inMember(member.name) ?? error
                }
            default:
                throw MetadataFault.shape(
                    pointer,
                    "\"\(member.name.shown(atMost: 100))\" is unknown; the members are completed, end, evaluation")
            }
        }
        return end
    }
}
