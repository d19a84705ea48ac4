"""What an order costs: counted on the embedded AWS, priced from a list, held by a budget."""
