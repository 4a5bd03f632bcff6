/// All routes of the API. Each is declared beside its handler, in its resource's file; openapi.yaml describes it.
extension RunAPI {
    static let routes = Routes(
        [
            // The most frequent ones first.
            metadataRoutes,
            runRoutes,
            fileRoutes,
            metricsRoutes,
            outputRoutes,
            eventRoutes,
            bundleRoutes,
            archiveRoutes,
            listingRoutes,
            compareRoutes,
            seriesRoutes,
            serverRoutes,
            loginRoutes,
            problemRoutes,
            pageRoutes,
        ].flatMap { $0 })
}
