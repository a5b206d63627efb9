"""The machine: arrays in, arrays out. No files, no pandas, no clock, no randomness."""
