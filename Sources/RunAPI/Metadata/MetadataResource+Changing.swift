internal import HTTPServer
internal import JSON
internal import Limits
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// Patching metadata, writing several types at once, removing.
extension RunAPI {
    /// Whether a type can be patched.
    func isMergeable(_ target: RunTarget, _ type: MetadataType) -> Bool { writers[type] is any PatchableWriter }

    /// Merges a patch into a document (RFC 7396).
    func mergeMetadata(_ request: RunRequest, _ target: RunTarget, _ type: MetadataType) throws -> BodyPlan {
        let (exchange, session) = (request.exchange, request.session)
        guard let writer = try writer(of: type) as? any PatchableWriter else {
            throw notAllowed(exchange, "\(type) cannot be merged into; POST replaces or extends it")
        }
        try exchange.requireBody()
        let body = BodyDescription(form: try exchange.patchForm(), isGzipped: try exchange.isGzipped())
        return .collect(limit: limit(of: writer)) { exchange in
            let request = RunRequest(exchange: exchange, session: session, body: body)
            self.run(on: .bySize, request) {
                guard case .json(let json) = try self.body(of: request, for: writer) else {
                    throw Problem.internalFault
                }
                let (document, patch) = try writer.patch(from: json)
                let write = RunWrite(target, .patch(document, patch), sender: self.sender(of: exchange))
                self.submit(write, exchange) { result in
                    self.answer(exchange) {
                        let outcome = try result.get()
                        return switch outcome.effect {
                        case .pending: .pending(outcome, session, keptFor: self.pendingAge)
                        case .written, .unchanged:
                            HTTPResponse(status: 200, type: "application/json", body: outcome.document)
                        }
                    }
                }
            }
        }
    }

    /// Writes metadata of several types, all or nothing.
    func writeMany(_ request: RunRequest, _ target: RunTarget) throws {
        let changes = try changes(from: try body(of: request), target)
        submit(changes, to: target, request.exchange) { outcome in
            MetadataWrite.reply(to: outcome, request.session, keptFor: self.pendingAge)
        }
    }

    private func changes(from body: MetadataBody, _ target: RunTarget) throws -> [DataChange] {
        guard case .json(let bytes) = body else { throw Problem.internalFault }
        let sent: JSONValue
        do { sent = try MetricValue.document(bytes) } catch { throw MetadataFault(error) }
        guard let object = sent.object, !object.members.isEmpty else {
            throw MetadataFault.shape(
                JSONPointer(),
                "the body has to be an object of metadata by type, such as {\"flags\": {…}, \"metrics\": [{…}]}")
        }
        var changes: [DataChange] = []
        for member in object.members {
            let pointer = JSONPointer().appending(member.name)
            guard let writer = MetadataType(member.name).flatMap({ writers[$0] }) else {
                let types = writers.writers.map(\.type.description)
                throw MetadataFault.shape(
                    pointer,
                    "no writer is registered for the type \"\(member.name.shown(atMost: 100))\"; the types are: \(types.listed(atMost: 20))"
                )
            }
            guard writer.forms.contains(.json), !(writer is any SlowWriter), !writer.readsRequest else {
                throw MetadataFault.shape(
                    pointer, "\(writer.type) cannot be sent with others; POST it to /runs/{id}/metadata/\(writer.type)")
            }
            // Text would take its place in what the writer reads.
            if ![.metrics, .evaluation].contains(writer.type), member.value.hasNonFinite {
                throw MetadataFault(
                    .syntax(offset: nil),
                    "\(writer.type): NaN and infinities are numbers of metrics and evaluation only; send them as text, in quotes"
                )
            }
            do {
                changes += try writer.changes(
                    from: .json(JSONWriter.compact(member.value)), for: WriteRequest(target: target))
            } catch let fault as MetadataFault { throw fault.inMember(member.name) }
        }
        return changes
    }

    func removeMetadata(_ request: RunRequest, _ target: RunTarget, _ type: MetadataType) throws {
        guard let document = try writer(of: type).document else { throw Problem.internalFault }
        let removed: RemovedMetadata =
            switch document {
            case .file(.metricsFrame, _): .files([.metricsFrame, .metricsRows, .earlierMetricsRows])
            case .file(let path, _): .files([path] + [path.sent].compactMap { $0 })
            case .folder(let path): .folder(path)
            case .properties: .properties
            }
        let exchange = request.exchange
        store.submit(RunWrite(target, .removeMetadata(removed))) { result in
            exchange.note(result, of: target)
            self.answer(exchange) {
                do { _ = try result.get() } catch StoreError.unknownRun {
                    throw Problem.unknownRun(try self.existingRun(target).description)
                }
                return HTTPResponse(status: 204)
            }
        }
    }
}

extension JSONValue {
    // Recursion is as deep as the parser allows.
    fileprivate var hasNonFinite: Bool {
        switch self {
        case .number(let number): !number.isFinite
        case .array(let elements): elements.contains(where: \.hasNonFinite)
        case .object(let object): object.members.contains(where: \.value.hasNonFinite)
        case .null, .bool, .string: false
        }
    }
}
