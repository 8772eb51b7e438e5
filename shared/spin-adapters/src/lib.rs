//! The kernel's ports over spin-sdk, and serve(router).
