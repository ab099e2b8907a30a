/* SwiftPM wants a public header; the tracer's interface to the world is exports.map. */
