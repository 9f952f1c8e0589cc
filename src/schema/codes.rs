//! The rules of this room that diagnostics name.

use crate::diagnostic::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $help:literal;)*) => {
        $($(#[$doc])* pub static $name: Code = Code { id: $id, title: $title, help: $help };)*
        /// Every code of this room.
        pub static ALL: &[&Code] = &[$(&$name,)*];
    };
}
pub(crate) use codes;

codes! {
    /// A `type`, `base`, `itemType` or `memberTypes` names a type that nothing declares.
    UNDECLARED_TYPE = "schema.undeclared-type", "A type is used that no schema declares",
        "A QName in `type`, `base`, `itemType` or `memberTypes` names a type that is in none of the schemas of this import. \
Usually the name or its prefix is misspelt, or the document that declares it is not imported.\n\n\
What refers to it is read as xs:anyType (xs:anySimpleType for attributes and simple types), so the message still passes by the \
generic rules, but its values are neither typed nor checked. Correct the name, or add the document that declares the type.";
    /// A `ref` or `substitutionGroup` names an element that nothing declares.
    UNDECLARED_ELEMENT = "schema.undeclared-element", "An element is referred to that no schema declares",
        "A QName in `ref` or `substitutionGroup` names a global element that is in none of the schemas of this import. Local elements \
cannot be referred to, only those directly below `xs:schema`.\n\n\
The reference is read as a wildcard for just that name: such an element passes by the generic rules. Correct the name or add the \
document that declares it. `ref=\"xs:schema\"`, which .NET writes for a DataSet, is meant this way and needs nothing.";
    /// A `ref` names an attribute that nothing declares.
    UNDECLARED_ATTRIBUTE = "schema.undeclared-attribute", "An attribute is referred to that no schema declares",
        "A QName in `ref` names a global attribute that is in none of the schemas of this import. Attributes declared inside a type \
cannot be referred to.\n\n\
The attribute is accepted under that name as plain text (xs:anySimpleType). Correct the name or add the document that declares it.";
    /// A `ref` names a model group that nothing declares.
    UNDECLARED_GROUP = "schema.undeclared-group", "A group is referred to that no schema declares",
        "A QName in the `ref` of `xs:group` names a model group that is in none of the schemas of this import. What the group \
would hold is therefore unknown.\n\n\
The reference is read as an empty group, so elements that belong there are not accepted in requests. Correct the name or add the \
document that declares the group.";
    /// A `ref` names an attribute group that nothing declares.
    UNDECLARED_ATTRIBUTE_GROUP = "schema.undeclared-attribute-group", "An attribute group is referred to that no schema declares",
        "A QName in the `ref` of `xs:attributeGroup` names a group that is in none of the schemas of this import. What attributes it \
would bring is therefore unknown.\n\n\
The reference is read as if it were not there. Correct the name or add the document that declares the group.";
    /// A QName's prefix is not bound where it stands.
    UNDECLARED_PREFIX = "schema.undeclared-prefix", "A QName uses a prefix that is not declared there",
        "The value is a QName, so the part before the colon must be a prefix that an `xmlns:` declaration on this element or one \
around it binds to a namespace. None does.\n\n\
The reference is treated as one to something undeclared. Declare the prefix, or correct it.";
    /// Two components of one kind have one name.
    DUPLICATE_COMPONENT = "schema.duplicate-component", "Two different components have the same name",
        "Within a namespace every type, element, attribute, group and attribute group has a name of its own. Two declarations with the \
same name and different content stand in the schemas of this import, so it is undecided which one is meant.\n\n\
The first one is used. Remove or rename one of them; if one was meant to replace the other, use `xs:redefine`.";
    /// The same component is declared again, word for word.
    REPEATED_COMPONENT = "schema.repeated-component", "The same component is declared more than once",
        "The same declaration stands in several documents of this import, word for word. That happens when a schema is copied into \
several WSDLs, and does no harm.\n\n\
The first one is used; the others are ignored. Nothing needs to be done.";
    /// A type derives from itself.
    CYCLIC_TYPE = "schema.cyclic-type", "A type is derived from itself",
        "Following the `base`, `itemType` or `memberTypes` of this type leads back to the type. Such a type has no definition at \
all: there is nothing that it finally restricts or extends.\n\n\
The circle is cut here, as if the reference were to xs:anyType (xs:anySimpleType for simple types). Recursion belongs into elements, \
which may well have the type that contains them; a circle of derivations is always a slip.";
    /// A model group contains itself.
    CYCLIC_GROUP = "schema.cyclic-group", "A group contains itself",
        "The model group or attribute group refers to itself, directly or through other groups, without an element in between. Its \
content would be infinitely deep, which XML Schema forbids.\n\n\
The inner reference is read as empty. Put the recursion into an element that has the group as its content.";
    /// A substitution group contains its own head.
    CYCLIC_SUBSTITUTION = "schema.cyclic-substitution", "An element stands in for itself",
        "Following `substitutionGroup` from this element leads back to the element. XML Schema forbids that, because the head would be \
one of its own substitutes.\n\n\
The `substitutionGroup` of this element is ignored. Remove it.";
    /// A facet's value cannot be read, or contradicts another.
    BAD_FACET = "schema.bad-facet", "A facet has a value that it cannot have",
        "Facets restrict a simple type: lengths and digits are whole numbers, `whiteSpace` is preserve, replace or collapse, and a \
minimum is not above its maximum. This facet's value is missing, cannot be read, or contradicts another facet of the same \
step.\n\n\
The facet is ignored, so requests are not checked against it. Correct the value.";
    /// `minOccurs` or `maxOccurs` cannot be read, or contradict each other.
    BAD_OCCURS = "schema.bad-occurs", "minOccurs or maxOccurs has a value that it cannot have",
        "`minOccurs` is a whole number from 0, `maxOccurs` one not below it or the word `unbounded`. This one is something else.\n\n\
A value that cannot be read counts as 1; a maximum below the minimum counts as the minimum. Correct the value.";
    /// An attribute of a schema element has a value outside its list.
    BAD_VALUE = "schema.bad-value", "An attribute of a schema element has a value that it cannot have",
        "Attributes such as `use`, `form`, `nillable`, `mixed`, `abstract` or `processContents` take one of a few words. This value is \
none of them, or a name is not a name.\n\n\
The attribute counts as absent, so its default holds; a name is used as it is. Correct the value.";
    /// An attribute that this schema element does not have.
    UNKNOWN_ATTRIBUTE = "schema.unknown-attribute", "A schema element has an attribute that it cannot have",
        "XML Schema does not define this attribute here: it is misspelt, or belongs to another place (such as `minOccurs` on a global \
element). Every SOAP stack ignores it, and so does this import.\n\n\
Nothing needs to be done when it is harmless; check the spelling when it was meant to say something.";
    /// A child that this schema element does not have.
    UNEXPECTED_CHILD = "schema.unexpected-child", "A schema element has a child that it cannot have",
        "XML Schema does not allow this element (or this text) here. It is misspelt, or stands one level too high or too low, or comes \
from a later version of the language.\n\n\
It is ignored, with everything inside, so what it was meant to declare is missing from the API. Move or correct it.";
    /// A declaration lacks `name` or `ref`, or has both.
    NAME_OR_REF = "schema.name-or-ref", "A declaration needs a name or a reference",
        "A global component needs a `name`; a local element, attribute or group has either a `name` of its own or a `ref` to a global \
one. This one has neither, or both.\n\n\
Without either it is left out; with both, `ref` counts. Add or remove the attribute.";
    /// `type` and an inline type, or several content models.
    SAID_TWICE = "schema.said-twice", "A component says the same thing in two ways",
        "An element or attribute has either a `type` or a type inside, not both; a complex type has one content model. Here are two, and \
they may contradict each other.\n\n\
The attribute counts before the inline type, and the first content model before the others. Remove one.";
    /// A reference to a type of the wrong kind, or a derivation without a base.
    WRONG_KIND = "schema.wrong-kind", "A type of this kind cannot be used here",
        "Attributes, list items and union members have simple types; `simpleContent` derives from a simple type or a complex one with \
simple content; every derivation names a `base`. This reference leads to a type of another kind, or there is none.\n\n\
Where a simple type is needed, the text of the type is used if it has one, else xs:anySimpleType. Correct the reference.";
    /// `xs:redefine` of something that the redefined document does not declare.
    REDEFINE_WITHOUT_ORIGINAL = "schema.redefine-without-original", "xs:redefine names a component that the redefined document does not declare",
        "Inside `xs:redefine` a type must extend or restrict the type of the same name in the redefined document, and a group refers to \
the group of the same name. No such component was found there.\n\n\
The definition is taken for an ordinary one, and its reference to itself as empty. Correct the name, or move it out of `xs:redefine`.";
    /// An include, redefine or import leads to a schema of another namespace than it says.
    NAMESPACE_MISMATCH = "schema.namespace-mismatch", "The document that is included or imported has another target namespace",
        "`xs:include` and `xs:redefine` need a document of the same target namespace, or one without any; `xs:import` one whose target \
namespace is the `namespace` it says. This document has another one.\n\n\
Its components are used under the target namespace that the document itself declares. Correct the `namespace`, or the location.";
    /// The document behind an import or include is no schema.
    NOT_A_SCHEMA = "schema.not-a-schema", "The document that is included or imported is not an XML Schema",
        "The location leads to a document whose root element is neither `xs:schema` nor a WSDL with schemas inside. Often it is an error \
page of a server that was saved as a file.\n\n\
It is ignored, and what it should declare is missing. Replace the document, or correct the location.";
    /// An import's, include's or redefine's document was not found.
    MISSING_IMPORT = "schema.missing-import", "A document that is imported or included was not found",
        "An `xs:import`, `xs:include`, `xs:redefine` or `wsdl:import` names a document that is not among the files of this import and \
could not be fetched.\n\n\
It is a warning when something refers to a component of its namespace that nobody else declares: what refers to it is read by the \
generic rules. It is an error when no operation is left, and only a note when nothing is missing. Put the document beside the WSDL under the location that is written there (an address is found among uploaded \
files by its file name and namespace), or remove the import.";
    /// XML Schema 1.1.
    XSD_1_1 = "schema.version-1-1", "This belongs to XML Schema 1.1",
        "Assertions, alternatives, open content and overrides were added in XML Schema 1.1. This import reads version 1.0, \
which is what SOAP stacks use.\n\n\
The construct is ignored: messages are not checked against it. Nothing needs to be done unless it declares content.";
    /// An identifier is used from a namespace that the document does not import.
    NOT_IMPORTED = "schema.not-imported", "A namespace is used that the document does not import",
        "XML Schema wants an `xs:import` for every namespace that a document refers to. This one is missing, but another document of this \
WSDL declares the namespace.\n\n\
The component is used all the same, as every SOAP stack does. Nothing needs to be done.";
    /// More components than an import may have.
    LIMIT = "schema.limit", "The schemas are larger than an import may be",
        "An import may have 100 000 components (types, elements, attributes, groups), 200 000 particles, 100 000 enumeration values, \
10 000 members in one union with those of its members, 1 000 000 members in all restrictions of unions, derivations and \
substitution groups of 64 steps, and content nested 100 levels deep. These bounds keep hostile documents from using up the \
gateway.\n\n\
Split the service into several, or remove what its operations do not use.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_room_and_help_of_two_sentences() {
        let mut seen = std::collections::HashSet::new();
        for code in ALL {
            assert!(code.id.starts_with("schema."), "{}", code.id);
            assert!(code.help.matches(". ").count() + code.help.matches(".\n").count() >= 1, "{}", code.id);
            assert!(seen.insert(code.id), "{} stands twice", code.id);
        }
    }
}
