"""The implicit derivative of a relaxed structure by the parameters of its potential."""
