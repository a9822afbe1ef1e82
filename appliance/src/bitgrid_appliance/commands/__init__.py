"""The verbs of ``bitgrid`` that are the appliance's own."""
