"""Git: commits of stored trees and pushes to remotes."""
