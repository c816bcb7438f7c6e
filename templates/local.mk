# Recipes, installed where the daemon looks for them.
