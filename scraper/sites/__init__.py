"""What is known of each paper: site files, CMS families and the code that reads them."""
