"""Between which segments packets pass: tenant by tenant, and risk level by risk level."""
