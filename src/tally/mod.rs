//! The distinct exact sets and their union: commutative, nothing in it depends on order.
