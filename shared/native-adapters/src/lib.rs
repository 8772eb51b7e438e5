//! The kernel's ports over sqlx and the operating system.
