"""Feed-forward networks unrolled from machines, and their training by back-propagation."""
