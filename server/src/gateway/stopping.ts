// Why an answer was cut off when the server stopped and had waited long enough: then it is our doing and costs nothing.
// Any other reason on a Sink's signal means that the client left.

export const SERVER_STOPPING = Symbol('server stopping');
