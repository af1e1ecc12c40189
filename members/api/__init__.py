"""What all parts of the API share: the keys of other systems, how a request is let in, how errors are told."""
