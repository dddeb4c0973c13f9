// SPDX-License-Identifier: GPL-2.0-only
/* What one user can have of watches: how many, how much memory, how often. */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/syscount.h>

#include "watch_internal.h"

/* Each user may open so many at once, and again as time goes by. */
#define BURST		100
#define PER_SECOND	100
/* After so many jiffies nobody could tell that he had one before. */
#define REFILLED	(BURST * HZ / PER_SECOND)

struct watch_user {
	struct list_head list;
	kuid_t uid;
	unsigned int watches;		/* until their memory is freed ... */
	unsigned int closed;		/* ... which it is not yet of these */
	atomic_long_t bytes;
	unsigned long filled;		/* jiffies, when tokens were added */
	unsigned int tokens;
};

/* Those who have a watch, or had one a moment ago: else each would begin a burst. */
static LIST_HEAD(users);
static DEFINE_MUTEX(users_mutex);

static void forget_users(void)
{
	struct watch_user *user, *next;

	list_for_each_entry_safe(user, next, &users, list) {
		if (user->watches || time_before(jiffies, user->filled + REFILLED))
			continue;
		list_del(&user->list);
		kfree(user);
	}
}

static struct watch_user *user_of(kuid_t uid)
{
	struct watch_user *user;

	list_for_each_entry(user, &users, list)
		if (uid_eq(user->uid, uid))
			return user;
	forget_users();
	user = kzalloc(sizeof(*user), WATCH_GFP);
	if (!user)
		return ERR_PTR(-ENOMEM);
	user->uid = uid;
	user->tokens = BURST;
	user->filled = jiffies;
	list_add(&user->list, &users);
	return user;
}

static bool take_token(struct watch_user *user)
{
	unsigned long more = (jiffies - user->filled) * PER_SECOND / HZ;

	if (more) {
		user->filled = jiffies;
		user->tokens = min_t(unsigned long, BURST, user->tokens + more);
	}
	if (!user->tokens)
		return false;
	user->tokens--;
	return true;
}

/**
 * watch_user_get() - one more watch of a user
 * @uid: whose
 * @limited: whether there are limits
 *
 * Return: NULL without limits; -EMFILE: he has too many; -EAGAIN: he opens them too
 * fast, or those that he closed are not gone yet; -ENOMEM
 */
struct watch_user *watch_user_get(kuid_t uid, bool limited)
{
	struct watch_user *user;

	if (!limited)
		return NULL;
	mutex_lock(&users_mutex);
	user = user_of(uid);
	if (!IS_ERR(user)) {
		if (user->watches - user->closed >= SYSCOUNT_WATCHES_MAX)
			user = ERR_PTR(-EMFILE);
		else if (user->watches >= SYSCOUNT_WATCHES_MAX || !take_token(user))
			user = ERR_PTR(-EAGAIN);
		else
			user->watches++;
	}
	mutex_unlock(&users_mutex);
	return user;
}

/* One is closed, whose memory is freed later: watch_user_put() then. */
void watch_user_closes(struct watch_user *user)
{
	if (!user)
		return;
	mutex_lock(&users_mutex);
	user->closed++;
	mutex_unlock(&users_mutex);
}

void watch_user_put(struct watch_user *user)
{
	if (!user)
		return;
	mutex_lock(&users_mutex);
	user->watches--;
	user->closed--;
	mutex_unlock(&users_mutex);
}

/* False: it would be too much. */
bool watch_user_charge(struct watch_user *user, size_t bytes)
{
	if (!user)
		return true;
	if (atomic_long_add_return(bytes, &user->bytes) <= SYSCOUNT_WATCH_BYTES_MAX)
		return true;
	atomic_long_sub(bytes, &user->bytes);
	return false;
}

void watch_user_charge_anyway(struct watch_user *user, size_t bytes)
{
	if (user)
		atomic_long_add(bytes, &user->bytes);
}

void watch_user_uncharge(struct watch_user *user, size_t bytes)
{
	if (user)
		atomic_long_sub(bytes, &user->bytes);
}

void watch_users_exit(void)
{
	struct watch_user *user, *next;

	list_for_each_entry_safe(user, next, &users, list)
		kfree(user);
}
