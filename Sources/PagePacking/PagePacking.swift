import Foundation
import PackagePlugin

/// Packs the files of `page/` and `clients/`, and the libraries of Debian that the page uses, into the module's code.
@main struct PagePacking: BuildToolPlugin {
    /// The files of Debian's packages libjs-dygraphs and libjs-highlight.js that the page loads on demand, with their
    /// licences.
    private static let libraries = [
        "lib/dygraph.js": "/usr/share/javascript/dygraphs/dygraph.min.js",
        "lib/dygraph.css": "/usr/share/javascript/dygraphs/dygraph.min.css",
        "lib/dygraph.txt": "/usr/share/doc/libjs-dygraphs/copyright",
        "lib/highlight.js": "/usr/share/javascript/highlight.js/highlight.min.js",
        "lib/highlight.txt": "/usr/share/doc/libjs-highlight.js/copyright",
    ]

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let output = context.pluginWorkDirectoryURL.appending(path: "PackedPage.swift")
        var files = Self.libraries
        for (folder, prefix) in [("page", ""), ("clients", "clients/")] {
            let place = target.directoryURL.appending(path: folder)
            let names = FileManager.default.enumerator(atPath: place.path)?.compactMap { $0 as? String } ?? []
            for name in names where name.contains(".") { files[prefix + name] = place.appending(path: name).path }
        }
        let sorted = files.sorted { $0.key < $1.key }
        return [
            .buildCommand(
                displayName: "Packing the page", executable: try context.tool(named: "PackPage").url,
                arguments: [output.path] + sorted.map { "\($0.key)=\($0.value)" },
                inputFiles: sorted.map { URL(fileURLWithPath: $0.value) }, outputFiles: [output])
        ]
    }
}
