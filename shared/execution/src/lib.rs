//! Jobs: recorded, claimed under a lease, run, finished; and their events.
