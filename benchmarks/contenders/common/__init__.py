"""What the three contenders do alike, with PyJWT, bcrypt and the standard library."""
