//! The audit trail: who did what to what, and how it ended.
