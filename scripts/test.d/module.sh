# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # repo is of those who read this in
# What results are of: the module, in the sources at $repo.

# All that it is made from
module_sources=(Kbuild module scripts/gen-tables.sh scripts/categories.txt)

module_identity()
{
	(cd "$repo" && find "${module_sources[@]}" -type f |
		LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c 1-12)
}

# The commit at which they became what they are. That of the tests, or of a report, may be no more
# when a change has landed.
module_commit()
{
	local name

	name=$(git -C "$repo" log -1 --format=%h --abbrev=12 -- "${module_sources[@]}")
	module_same "$name" || name+=" and changes"
	echo "$name"
}

# Have they stayed what they were at this commit?
module_same() # COMMIT
{
	git -C "$repo" diff --quiet "$1" -- "${module_sources[@]}" 2> /dev/null
}
