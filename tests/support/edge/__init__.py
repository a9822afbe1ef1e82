"""The whole edge in one thread: real parts, simulated broker and clock, faults by one seed."""
