-- How much a person has not read is asked with every page they look at.

CREATE INDEX notifications_unread ON notifications (person_id) WHERE read_at IS NULL;
