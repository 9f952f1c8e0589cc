//! Regular expressions as XML Schema part 2, appendix F, writes them.

use super::blocks;

/// A regular expression. It always speaks of the whole text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ast {
    /// One character of a class.
    Class(Class),
    /// One after the other; none: the empty text.
    Concat(Vec<Ast>),
    /// One of these.
    Alternation(Vec<Ast>),
    /// `inner` so often.
    Repeat {
        /// What is repeated.
        inner: Box<Ast>,
        /// At least.
        min: u32,
        /// At most; `None` for any number.
        max: Option<u32>,
    },
}

/// A character class expression; a single character is a class of one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Class {
    /// `[^…]`
    pub(crate) negated: bool,
    /// What it holds.
    pub(crate) items: Vec<Item>,
    /// `-[…]`: what it does not hold after all.
    pub(crate) minus: Option<Box<Class>>,
}

/// A member of a class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// From, to; the same for one character.
    Range(char, char),
    /// `\d`, `\w`, …; `true` for the capital: everything else.
    Escape(Escape, bool),
}

/// A class that an escape names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Escape {
    /// `\s`
    Space,
    /// `\d`: decimal digits of any script.
    Digit,
    /// `\w`: all but punctuation, separators and others.
    Word,
    /// `\i`: what begins an XML name.
    Initial,
    /// `\c`: what an XML name is made of.
    NameChar,
    /// `\p{L}`
    Category(String),
    /// `\p{IsBlock}`, by its ranges.
    Block(Vec<(char, char)>),
    /// `.`: all but line ends.
    Dot,
}

impl Class {
    /// The class of one character.
    pub(crate) fn one(c: char) -> Self {
        Self { items: vec![Item::Range(c, c)], ..Self::default() }
    }

    /// The only character, if it is a class of one.
    pub(crate) fn single(&self) -> Option<char> {
        match self.items.as_slice() {
            [Item::Range(a, b)] if a == b && !self.negated && self.minus.is_none() => Some(*a),
            _ => None,
        }
    }
}

/// Levels of groups and of class subtraction.
const MAX_DEPTH: usize = 64;
/// Characters of a pattern.
const MAX_CHARS: usize = 32 * 1024;

/// Reads `regExp` (production 1).
///
/// More is understood than the productions say where it can mean only one thing: a brace that is no quantifier, and a
/// backslash before any other ASCII punctuation, stand for themselves.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn parse(pattern: &str) -> Result<Ast, String> {
    let chars: Vec<char> = pattern.chars().collect();
    if chars.len() > MAX_CHARS {
        return Err(format!("it has more than {MAX_CHARS} characters"));
    }
    let mut parser = Parser { chars: &chars, at: 0 };
    let ast = parser.alternation(0)?;
    match parser.peek() {
        None => Ok(ast),
        Some(c) => Err(format!("\"{c}\" at character {} closes nothing", parser.at + 1)),
    }
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<char> {
        self.chars.get(self.at + 1).copied()
    }

    fn take(&mut self, c: char) -> bool {
        let is = self.peek() == Some(c);
        self.at += usize::from(is);
        is
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += 1;
        c
    }

    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{what} at character {}", self.at + 1))
    }

    /// `branch ( '|' branch )*` (productions 1, 2)
    fn alternation(&mut self, depth: usize) -> Result<Ast, String> {
        if depth > MAX_DEPTH {
            return self.wrong("groups are nested too deeply");
        }
        let mut branches = vec![self.branch(depth)?];
        while self.take('|') {
            branches.push(self.branch(depth)?);
        }
        Ok(match branches.len() {
            1 => branches.remove(0),
            _ => Ast::Alternation(branches),
        })
    }

    fn branch(&mut self, depth: usize) -> Result<Ast, String> {
        let mut pieces = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let atom = self.atom(depth)?;
            pieces.push(self.quantified(atom)?);
        }
        Ok(if pieces.len() == 1 { pieces.remove(0) } else { Ast::Concat(pieces) })
    }

    /// Productions 4 to 8: what follows an atom.
    fn quantified(&mut self, atom: Ast) -> Result<Ast, String> {
        let (min, max) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => match self.braces()? {
                Some(times) => times,
                None => return Ok(atom),
            },
            Some(_) | None => return Ok(atom),
        };
        self.at += 1;
        Ok(Ast::Repeat { inner: Box::new(atom), min, max })
    }

    /// `{n}`, `{n,}`, `{n,m}` up to before its closing brace; `None`, nothing read, where the brace begins no quantifier.
    fn braces(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let rest = self.chars.get(self.at + 1..).unwrap_or_default();
        let Some(end) = rest.iter().position(|c| *c == '}') else { return Ok(None) };
        let inside: String = rest.iter().take(end).collect();
        let (min, max) = inside.split_once(',').unwrap_or((&inside, &inside));
        let is_number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !is_number(min) || !(max.is_empty() || is_number(max)) {
            return Ok(None);
        }
        let number = |t: &str| t.parse::<u32>().map_err(|_| format!("{{{inside}}} is out of range"));
        let times = (number(min)?, if max.is_empty() { None } else { Some(number(max)?) });
        if times.1.is_some_and(|max| max < times.0) {
            return Err(format!("{{{inside}}} ends before it begins"));
        }
        self.at += end + 1;
        Ok(Some(times))
    }

    /// Production 9.
    fn atom(&mut self, depth: usize) -> Result<Ast, String> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                if self.peek() == Some('?') {
                    return self.wrong("\"(?\" has no meaning in XML Schema");
                }
                let inner = self.alternation(depth + 1)?;
                if self.take(')') { Ok(inner) } else { self.wrong("a group is not closed") }
            }
            Some('[') => {
                self.at += 1;
                Ok(Ast::Class(self.class(depth)?))
            }
            Some('.') => {
                self.at += 1;
                Ok(Ast::Class(Class { items: vec![Item::Escape(Escape::Dot, false)], ..Class::default() }))
            }
            Some('\\') => Ok(Ast::Class(Class { items: vec![self.escape()?], ..Class::default() })),
            Some('?' | '*' | '+') => self.wrong("a quantifier that has nothing to repeat (there are no lazy ones)"),
            Some(']') => self.wrong("\"]\" closes nothing"),
            Some(c) => {
                self.at += 1;
                Ok(Ast::Class(Class::one(c)))
            }
            None => self.wrong("something is missing"),
        }
    }

    /// `charClassExpr` (productions 12 to 22) after its `[`.
    fn class(&mut self, depth: usize) -> Result<Class, String> {
        if depth > MAX_DEPTH {
            return self.wrong("classes are nested too deeply");
        }
        let mut class = Class { negated: self.take('^'), ..Class::default() };
        loop {
            match self.peek() {
                None => return self.wrong("a class is not closed"),
                Some(']') if class.items.is_empty() => return self.wrong("a class is empty"),
                Some(']') => {
                    self.at += 1;
                    return Ok(class);
                }
                Some('-') if self.peek_second() == Some('[') && !class.items.is_empty() => {
                    self.at += 2;
                    class.minus = Some(Box::new(self.class(depth + 1)?));
                    if self.take(']') {
                        return Ok(class);
                    }
                    return self.wrong("nothing may follow a subtraction");
                }
                Some('[') => return self.wrong("\"[\" in a class"),
                Some(_) => {
                    let item = self.class_item()?;
                    class.items.push(item);
                }
            }
        }
    }

    /// A range, a character or an escape. A `-` that is no range stands for itself.
    fn class_item(&mut self) -> Result<Item, String> {
        let first = match self.class_member()? {
            Item::Range(first, _) => first,
            escape @ Item::Escape(..) => return Ok(escape),
        };
        if self.peek() != Some('-') || matches!(self.peek_second(), None | Some(']' | '[')) {
            return Ok(Item::Range(first, first));
        }
        let dash = self.at;
        self.at += 1;
        match self.class_member()? {
            Item::Range(last, _) if first <= last => Ok(Item::Range(first, last)),
            Item::Range(last, _) => self.wrong(&format!("the range {first}-{last} ends before it begins")),
            Item::Escape(..) => {
                self.at = dash;
                Ok(Item::Range(first, first))
            }
        }
    }

    fn class_member(&mut self) -> Result<Item, String> {
        if self.peek() == Some('\\') {
            return self.escape();
        }
        match self.next() {
            Some(c) => Ok(Item::Range(c, c)),
            None => self.wrong("a class is not closed"),
        }
    }

    /// Productions 23 to 37.
    fn escape(&mut self) -> Result<Item, String> {
        self.at += 1;
        let Some(c) = self.next() else { return self.wrong("a backslash at the end") };
        let named = |escape, negated| Ok(Item::Escape(escape, negated));
        let literal = match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            's' | 'S' => return named(Escape::Space, c == 'S'),
            'd' | 'D' => return named(Escape::Digit, c == 'D'),
            'w' | 'W' => return named(Escape::Word, c == 'W'),
            'i' | 'I' => return named(Escape::Initial, c == 'I'),
            'c' | 'C' => return named(Escape::NameChar, c == 'C'),
            'p' | 'P' => return named(self.property()?, c == 'P'),
            c if c.is_ascii_punctuation() => c,
            c => return Err(format!("\"\\{c}\" has no meaning in XML Schema")),
        };
        Ok(Item::Range(literal, literal))
    }

    /// `{Lu}`, `{IsGreek}` after `\p`.
    fn property(&mut self) -> Result<Escape, String> {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let (Some('{'), Some(end)) = (rest.first(), rest.iter().position(|c| *c == '}')) else {
            return self.wrong("\\p needs a name in braces");
        };
        let name: String = rest.iter().take(end).skip(1).collect();
        self.at += end + 1;
        match name.strip_prefix("Is") {
            Some(block) => blocks::ranges(block).map(Escape::Block).ok_or_else(|| format!("there is no block {block}")),
            None if CATEGORIES.contains(&name.as_str()) => Ok(Escape::Category(name)),
            None => Err(format!("there is no category {name}")),
        }
    }
}

/// The general categories (production 31 to 36).
const CATEGORIES: [&str; 36] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Z",
    "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn",
];
