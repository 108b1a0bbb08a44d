"""Who can talk to whom: network policies, layer by layer, as the cluster's plugin enforces them.

Pods that no policy can tell apart are one class (`entities`). Each policy is read once
(`network_policies`, `admin_policies`) into what it speaks of (`selections`), and that is worked out
over classes and outside addresses (`membership`). A question fixes one end and asks every layer in
its order (`layers`, `admin_tier`, `isolating`) what it lets through to all others at once:
`standing` keeps, for every set of ports, which of the others have it. Where the API leaves
something to the network plugin, and the plugin is not known to do either (`profile`), an answer has
two bounds: what is let through for sure, and what may be.
"""
