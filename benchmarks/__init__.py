"""Side by side with vectorbt and bt, in one run of one machine: `make bench`."""
