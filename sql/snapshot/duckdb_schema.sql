create schema analytics
