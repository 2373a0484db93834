"""HTTP APIs: their OpenAPI documents, the requests made from them, and who may be contacted."""
