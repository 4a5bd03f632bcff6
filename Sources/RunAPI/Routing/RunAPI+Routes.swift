/// Every route of the API. Each stands beside its handler, in its resource's file; openapi.yaml describes it.
extension RunAPI {
    static let routes = Routes(
        [
            // First what is asked for most.
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
            problemRoutes,
            pageRoutes,
        ].flatMap { $0 })
}
