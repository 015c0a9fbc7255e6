//! The seam to where blocks live.
