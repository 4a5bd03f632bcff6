// swift-tools-version: 6.1
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // A metrics row costs some 1,500 instructions less without the checks at run time (callgrind); debug builds, and so
    // the tests, have them.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Of tests: optimised, they would take longer to build than what they test.
let testSettings = swiftSettings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// A Swift target of this package, with the settings that all of them share.
func target(
    _ name: String, dependencies: [Target.Dependency], exclude: [String] = [], plugins: [Target.PluginUsage] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swiftSettings, plugins: plugins)
}

/// The tests of the target of the same name.
func tests(_ name: String, dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: testSettings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let orderedCollections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// Whether Tests/Fuzz/run builds: then all programs are linked with libFuzzer, which brings main() and calls the fuzz
/// targets.
let isFuzzing = Context.environment["RUNDIR_FUZZ"] != nil

let fuzzing: [Target] =
    !isFuzzing
    ? []
    : [
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "MLflowAPI", "DirectoryStore", "MetadataWriters", "HTTPServer", "RunStore", "LocalFiles", "RunMetadata",
                "JSON", "Limits", "TestSupport", logging,
            ],
            path: "Tests/Fuzz", exclude: ["corpus", "run"],
            swiftSettings: swiftSettings + [.unsafeFlags(["-parse-as-library"])])
    ]

/// Names of test targets, with commas between them: these alone are built, with what they need (Tests/Sanitizers/run).
let chosenTests = Context.environment["RUNDIR_TESTS"]?.split(separator: ",").map(String.init)

extension Package {
    /// Leaves nothing but these targets and what they need.
    func keep(_ names: [String]) {
        var (kept, waiting) = (Set<String>(), names)
        while let name = waiting.popLast() {
            guard kept.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else { continue }
            for case .byNameItem(let needed, _) in target.dependencies { waiting.append(needed) }
        }
        targets.removeAll { !kept.contains($0.name) }
        products.removeAll { !kept.contains($0.name) }
    }
}

let package = Package(
    name: "rundir",
    products: [
        .executable(name: "rundir", targets: ["rundir"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries of Debian, one module each.
        .target(
            name: "CMicroHTTPD", linkerSettings: [.linkedLibrary("microhttpd"), .linkedLibrary("gnutls")]),
        .target(name: "CRapidJSON", cxxSettings: [.define("NDEBUG", .when(configuration: .release))]),
        .target(name: "CGnuTLS", linkerSettings: [.linkedLibrary("gnutls")]),
        .target(name: "CArchive", linkerSettings: [.linkedLibrary("archive")]),
        .target(name: "CISAL", linkerSettings: [.linkedLibrary("isal")]),
        .target(name: "CNettle", linkerSettings: [.linkedLibrary("nettle")]),
        .target(name: "CCSV", linkerSettings: [.linkedLibrary("csv")]),
        .target(name: "CJSONSchema"),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CCurl"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .target(name: "CPostgreSQL"),
        // C of our own.
        .target(name: "CLinux"),
        .target(name: "CContainment", linkerSettings: [.linkedLibrary("seccomp")]),
        .target(name: "CNumbers"),
        .target(name: "COpenAPI"),

        target("Threads", dependencies: ["CLinux"]),
        target("Limits", dependencies: []),
        target(
            "HTTPServer",
            dependencies: [
                "Limits", "Threads", "CMicroHTTPD", "CGnuTLS", "CISAL", "CNettle", "CLinux", deque,
            ]),
        target("JSON", dependencies: ["Limits", "CRapidJSON"]),
        target("RunMetadata", dependencies: ["JSON", "Limits", "CNumbers", "CRE2", orderedCollections]),
        target("LocalFiles", dependencies: ["RunMetadata", "JSON", "Limits", "Threads", "CLinux", systemPackage]),
        target(
            "RunStore", dependencies: ["LocalFiles", "RunMetadata", "JSON", "Limits", "Threads", deque],
            exclude: ["README.md"]),
        target(
            "DirectoryStore",
            dependencies: [
                "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits", "Threads", "CISAL", "CLinux", grdb,
                logging, systemPackage,
            ],
            exclude: ["README.md"]),
        target(
            "S3Artifacts", dependencies: ["HTTPServer", "RunStore", "LocalFiles", "Limits", "Threads", "CCurl"]),
        target(
            "PostgresStore",
            dependencies: [
                "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits", "Threads", "CPostgreSQL", deque,
                logging,
            ],
            exclude: ["README.md"]),
        target(
            "MetadataWriters",
            dependencies: [
                "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits", "Threads", "CArchive", "CCSV",
                "CContainment",
                "CJSONSchema",
                "CLinux", "CISAL",
            ]),
        target(
            "Access",
            dependencies: [
                "HTTPServer", "LocalFiles", "RunMetadata", "JSON", "Threads", "CNettle", "CLinux", logging,
            ]),
        // Packs the page when the server is built.
        .executableTarget(name: "PackPage", dependencies: ["CNettle", "CZlib"], swiftSettings: swiftSettings),
        .plugin(
            name: "PagePacking", capability: .buildTool(), dependencies: ["PackPage"], path: "Sources/PagePacking"),
        target(
            "WebPage", dependencies: ["CNettle"], exclude: ["page", "clients"],
            plugins: isFuzzing ? [] : ["PagePacking"]),
        target(
            "RunAPI",
            dependencies: [
                "Access", "HTTPServer", "MetadataWriters", "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits",
                "Threads", "WebPage", "COpenAPI",
                logging, orderedCollections, yams,
            ]),
        target(
            "MLflowAPI",
            dependencies: [
                "Access", "HTTPServer", "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits", "CCurl", logging,
                yams,
            ],
            exclude: ["README.md"]),
        .executableTarget(
            name: "rundir",
            dependencies: [
                "Access", "RunAPI", "MLflowAPI", "HTTPServer", "MetadataWriters", "DirectoryStore", "PostgresStore",
                "S3Artifacts",
                "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits", "Threads", "CLinux", argumentParser, logging,
                systemPackage,
            ],
            swiftSettings: swiftSettings,
            linkerSettings: [
                .unsafeFlags(
                    ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"],
                    .when(configuration: .release))
            ]),

        // An HTTP client, servers and temporary folders, for all tests.
        .target(name: "CTLSClient", path: "Tests/CTLSClient", linkerSettings: [.linkedLibrary("gnutls")]),
        .target(
            name: "TestSupport", dependencies: ["CTLSClient", "JSON", "Threads"], path: "Tests/TestSupport",
            swiftSettings: testSettings),
        tests("LimitsTests", dependencies: ["Limits"]),
        tests("HTTPServerTests", dependencies: ["HTTPServer", "Limits", "TestSupport"]),
        tests("JSONTests", dependencies: ["JSON"]),
        tests("RunMetadataTests", dependencies: ["RunMetadata", "JSON", "Limits", "TestSupport"]),
        // What every store does, to be checked of any.
        .target(
            name: "RunStoreClaims",
            dependencies: ["RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits", "TestSupport"],
            path: "Tests/RunStoreClaims", swiftSettings: testSettings),
        // A store in memory: the protocol needs no directories.
        tests(
            "RunStoreTests",
            dependencies: [
                "RunStore", "RunStoreClaims", "LocalFiles", "RunMetadata", "JSON", "Limits", "TestSupport",
            ]),
        tests(
            "DirectoryStoreTests",
            dependencies: [
                "DirectoryStore", "RunStore", "RunStoreClaims", "LocalFiles", "RunMetadata", "JSON", "Limits",
                "Threads", "CISAL", "CLinux", "TestSupport", logging, systemPackage,
            ]),
        tests(
            "S3ArtifactsTests",
            dependencies: ["S3Artifacts", "RunStore", "LocalFiles", "Threads", "TestSupport"],
            exclude: ["requirements.txt"]),
        tests(
            "PostgresStoreTests",
            dependencies: [
                "PostgresStore", "DirectoryStore", "S3Artifacts", "MetadataWriters", "RunStore", "RunStoreClaims",
                "LocalFiles", "RunMetadata", "JSON", "Limits", "Threads", "TestSupport", logging,
            ]),
        tests(
            "MetadataWritersTests",
            dependencies: [
                "MetadataWriters", "DirectoryStore", "RunStore", "LocalFiles", "RunMetadata", "JSON", "Limits",
                "TestSupport",
                logging,
            ]),
        tests(
            "AccessTests",
            dependencies: ["Access", "HTTPServer", "LocalFiles", "RunMetadata", "JSON", "TestSupport", logging]),
        tests(
            "RunAPITests",
            dependencies: [
                "Access", "RunAPI", "HTTPServer", "MetadataWriters", "DirectoryStore", "RunStore", "LocalFiles",
                "RunMetadata",
                "JSON",
                "Limits", "TestSupport", logging, systemPackage, yams,
            ]),
        tests(
            "MLflowAPITests",
            dependencies: [
                "MLflowAPI", "Access", "RunAPI", "HTTPServer", "MetadataWriters", "DirectoryStore", "RunStore",
                "LocalFiles", "RunMetadata", "JSON", "Limits", "TestSupport", logging,
            ]),
        tests(
            "EndToEndTests", dependencies: ["rundir", "JSON", "RunMetadata", "TestSupport"],
            exclude: ["Fixtures", "Writers"]),
        tests(
            "DifferentialTests", dependencies: ["rundir", "JSON", "TestSupport"], exclude: ["clients", "long"]),
        tests("HostileTests", dependencies: ["rundir", "JSON", "TestSupport"], exclude: ["archives.py"]),
        tests(
            "CrashTests",
            dependencies: ["rundir", "DirectoryStore", "RunStore", "LocalFiles", "RunMetadata", "JSON", "TestSupport"],
            exclude: ["README.md", "apply-variant", "faults", "long", "variants"]),
    ] + fuzzing,
    cxxLanguageStandard: .cxx17
)

if let chosenTests { package.keep(chosenTests) }
