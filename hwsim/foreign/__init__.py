"""Files from elsewhere: opened in a process of their own before this one reads them."""
